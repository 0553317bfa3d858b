import { describe, expect, it } from 'vitest'
import { palettes, style } from '../../src/pages/style.js'

/** Relative luminance of `#rrggbb`. Source: WCAG 2.2, definition of relative luminance. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const share = Number.parseInt(colour.slice(start, start + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((left, right) => right - left)
  return (light + 0.05) / (dark + 0.05)
}

it.each([
  ['#000000', '#ffffff', 21],
  ['#777777', '#ffffff', 4.48],
])('measures contrast as WCAG does: %s on %s', (one, other, expected) => {
  expect(contrast(one, other)).toBeCloseTo(expected, 2)
})

describe.each(Object.entries(palettes))('the %s scheme', (_, palette) => {
  it.each([
    ['text', palette.text, palette.ground, 7],
    ['quiet text', palette.quiet, palette.ground, 4.5],
    ['links and buttons', palette.accent, palette.ground, 4.5],
    ['the main button', palette.onAccent, palette.accent, 4.5],
    ['lines', palette.line, palette.ground, 3],
  ])('has enough contrast for %s', (_what, one, other, least) => {
    expect(contrast(one, other)).toBeGreaterThanOrEqual(least)
  })
})

it('loads nothing and closes no element', () => {
  expect(style).not.toMatch(/url\(|@import|</)
  expect(style).toContain('prefers-color-scheme:dark')
  expect(style).toContain(':focus-visible')
})
