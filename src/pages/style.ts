/** @module The built-in look of the pages, and the hash under which their policy allows it. */
import { createHash } from 'node:crypto'

/** Colours of one scheme. Text on its ground has a contrast of 4.5 or more (WCAG 2.2, 1.4.3). */
export interface Palette {
  readonly ground: string
  readonly text: string
  readonly quiet: string
  readonly line: string
  readonly accent: string
  readonly onAccent: string
}

/** The colours of the light and the dark scheme. */
export const palettes: Readonly<Record<'light' | 'dark', Palette>> = {
  light: {
    ground: '#ffffff',
    text: '#1b1b1f',
    quiet: '#55565c',
    line: '#8a8b92',
    accent: '#0b5394',
    onAccent: '#ffffff',
  },
  dark: {
    ground: '#16171b',
    text: '#f1f1f4',
    quiet: '#b9bac2',
    line: '#85868f',
    accent: '#9cc7f5',
    onAccent: '#10202f',
  },
}

function variables(palette: Palette): string {
  return `--g:${palette.ground};--t:${palette.text};--q:${palette.quiet};--l:${palette.line};--a:${palette.accent};--o:${palette.onAccent}`
}

/** The built-in style sheet. */
export const style = [
  `:root{color-scheme:light dark;${variables(palettes.light)}}`,
  `@media(prefers-color-scheme:dark){:root{${variables(palettes.dark)}}}`,
  '*{box-sizing:border-box}',
  'body{margin:0;background:var(--g);color:var(--t);font:1.0625rem/1.55 system-ui,sans-serif;overflow-wrap:anywhere}',
  'main{max-width:38rem;margin:0 auto;padding:2.5rem 1.25rem}',
  'h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem}',
  'dl{margin:1.5rem 0;border-top:1px solid var(--l)}',
  'dl div{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem;padding:.5rem 0;border-bottom:1px solid var(--l)}',
  'dt{color:var(--q)}dd{margin:0;font-weight:600}',
  'nav{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:2rem}form{margin:0}',
  'a,button{display:inline-block;font:inherit;padding:.65rem 1.1rem;border:2px solid var(--a);border-radius:.4rem;background:var(--g);color:var(--a);text-decoration:none;cursor:pointer}',
  '.primary{background:var(--a);color:var(--o)}',
  'a:hover,button:hover{text-decoration:underline}',
  ':focus-visible{outline:3px solid var(--t);outline-offset:3px}',
].join('')

/** The source expression that allows the built-in style sheet. Source: CSP Level 3, section 2.3.1. */
export const styleSource = `'sha256-${createHash('sha256').update(style).digest('base64')}'`
