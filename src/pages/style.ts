/** @module The built-in look of the pages, and the hash under which their policy allows it. */
import { createHash } from 'node:crypto'

/** Colours of one scheme. Text on its ground has a contrast of 4.5 or more (WCAG 2.2, 1.4.3). */
export interface Palette {
  /** Behind the card. */
  readonly ground: string
  readonly card: string
  /** Edge of the card; says nothing. */
  readonly edge: string
  readonly text: string
  readonly quiet: string
  readonly line: string
  readonly accent: string
  readonly onAccent: string
}

/** The colours of the light and the dark scheme. */
export const palettes: Readonly<Record<'light' | 'dark', Palette>> = {
  light: {
    ground: '#f3f5f8',
    card: '#ffffff',
    edge: '#d5dbe4',
    text: '#1b1b1f',
    quiet: '#55565c',
    line: '#868790',
    accent: '#0b5394',
    onAccent: '#ffffff',
  },
  dark: {
    ground: '#111317',
    card: '#1a1c21',
    edge: '#363a43',
    text: '#f1f1f4',
    quiet: '#b9bac2',
    line: '#85868f',
    accent: '#9cc7f5',
    onAccent: '#10202f',
  },
}

function variables(palette: Palette): string {
  return (
    `--g:${palette.ground};--c:${palette.card};--e:${palette.edge};--t:${palette.text};--q:${palette.quiet};` +
    `--l:${palette.line};--a:${palette.accent};--o:${palette.onAccent}`
  )
}

/** The built-in style sheet. */
export const style = [
  `:root{color-scheme:light dark;${variables(palettes.light)}}`,
  `@media(prefers-color-scheme:dark){:root{${variables(palettes.dark)}}}`,
  '*{box-sizing:border-box}',
  'body{margin:0 auto;max-width:40rem;padding:clamp(1rem,6vh,4rem) 1rem 2rem;background:var(--g);color:var(--t);font:1.0625rem/1.55 system-ui,sans-serif;overflow-wrap:anywhere}',
  'header{margin:0 0 1rem;font-weight:600}',
  'header a{color:var(--t);text-decoration:none}header a:hover{text-decoration:underline}',
  'header img{display:block;max-width:100%;object-fit:contain;object-position:left}',
  'main{padding:1.75rem;background:var(--c);border:1px solid var(--e);border-radius:.6rem}',
  'h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem}p{margin:0 0 1rem}',
  'dl{margin:1.5rem 0 0;border-top:1px solid var(--l)}',
  'dl div{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem;padding:.5rem 0;border-bottom:1px solid var(--l)}',
  'dt{color:var(--q)}dd{margin:0;font-weight:600}',
  'ul{display:grid;gap:.75rem;list-style:none;margin:1.5rem 0 0;padding:0}',
  'li button{display:flex;align-items:center;gap:.75rem;width:100%;text-align:start}li img{max-width:6rem;object-fit:contain}',
  'nav,main>form{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.75rem 0 0}form{margin:0}',
  'nav a,button{display:block;width:100%;font:inherit;line-height:1.4;text-align:center;padding:.65rem 1.1rem;border:2px solid var(--a);border-radius:.4rem;background:var(--c);color:var(--a);text-decoration:none;cursor:pointer}',
  'nav .primary,button.primary{background:var(--a);color:var(--o)}',
  'nav a:hover,button:hover{text-decoration:underline}',
  ':focus-visible{outline:3px solid var(--t);outline-offset:3px}',
  '@media(max-width:29.99rem){main{padding:1.25rem}nav>*{width:100%}}',
  '@media(min-width:30rem){nav a,button{width:auto}}',
].join('')

/** The source expression that allows the built-in style sheet. Source: CSP Level 3, section 2.3.1. */
export const styleSource = `'sha256-${createHash('sha256').update(style).digest('base64')}'`
