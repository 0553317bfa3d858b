/** @module The pictures of the demo: those that are kept, and how they are made small. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateSync, inflateSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { palettePng } from '../../examples/demo/palette-png.mjs'
import { root } from '../../examples/set-up.mjs'

const folder = join(root, 'docs/screenshots')

it('shows the overview and an application, light and dark, on a desktop and a phone, and all of it is small', () => {
  const names = readdirSync(folder)
  const wanted = ['application', 'overview'].flatMap((what) =>
    ['desktop', 'phone'].flatMap((where) => ['dark', 'light'].map((how) => `${what}-${where}-${how}.png`)),
  )
  expect([...names].sort()).toEqual([...wanted].sort())
  for (const name of names) {
    const picture = readFileSync(join(folder, name))
    expect(picture.toString('latin1', 1, 4)).toBe('PNG')
    expect(picture.length).toBeLessThan(150_000)
  }
  const shown = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/docs\/screenshots\/([\w.-]+)/g)]
  expect(shown.length).toBeGreaterThan(0)
  for (const [, name] of shown) expect(names).toContain(name)
})

function chunk(type: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), content])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(content.length)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}

/** The pixels of a picture with a palette whose lines have no filter. */
function coloursOf(png: Buffer, width: number): readonly string[] {
  const found = new Map<string, Buffer>()
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    found.set(png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  }
  const palette = found.get('PLTE') ?? Buffer.alloc(0)
  const lines = inflateSync(found.get('IDAT') ?? Buffer.alloc(0))
  return [...lines].flatMap((place, at) =>
    at % (width + 1) === 0 ? [] : [palette.toString('hex', place * 3, place * 3 + 3)],
  )
}

it.each([3, 4])('keeps every pixel, whichever filter a line of %d channels has', (channels) => {
  const width = 4
  const rows = [0, 1, 2, 3, 4].map((row) =>
    Array.from({ length: width }, (_, column) =>
      [17 * row + column, 40 * column, 250 - 9 * row, 255].slice(0, channels),
    ),
  )
  // The filters of the specification, section 9.2, applied.
  const lines = rows.map((row, filter) => {
    const line = row.flat()
    const above = rows[filter - 1]?.flat() ?? line.map(() => 0)
    return line.map((value, at) => {
      const [left = 0, up = 0, corner = 0] = [line[at - channels], above[at], above[at - channels]]
      const guess = left + up - corner
      const paeth = [left, up, corner].reduce((best, one) =>
        Math.abs(guess - one) < Math.abs(guess - best) ? one : best,
      )
      return value - ([0, left, up, (left + up) >> 1, paeth][filter] ?? 0)
    })
  })
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width)
  header.writeUInt32BE(rows.length, 4)
  header.set([8, channels === 4 ? 6 : 2, 0, 0, 0], 8)
  const data = deflateSync(Uint8Array.from(lines.flatMap((line, filter) => [filter, ...line])))
  const signature = Buffer.from('89504e470d0a1a0a', 'hex')
  const png = Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ])
  const small = palettePng(png)
  const wanted = rows.flat().map((pixel) => Buffer.from(pixel.slice(0, 3)).toString('hex'))
  expect(coloursOf(small, width)).toEqual(wanted)
})
