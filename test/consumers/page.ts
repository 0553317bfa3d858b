/** @module What a page tells its reader to do: what to install, and which files to write. */
import { textOf } from '../house/source.js'

/** A fenced block. */
export interface Block {
  /** The word behind the fence, such as `ts`. */
  readonly language: string
  readonly text: string
  /** What its first line names, as in `// lib/auth.ts: who is there`. */
  readonly file: string | undefined
}

const fence = /^```(\w*)\n([\s\S]*?)^```$/gm
const firstLine = /^(?:\/\/|#|<!--) ([\w.[\]/-]+\.\w+)(?=[:\s]|$)/

/** All blocks of a page, or of its section with this heading. */
export function blocksOf(page: string, heading?: string): readonly Block[] {
  return [...sectionOf(textOf(page), heading).matchAll(fence)].map(([, language = '', text = '']) => ({
    language,
    text,
    file: firstLine.exec(text)?.[1],
  }))
}

function sectionOf(text: string, heading: string | undefined): string {
  if (heading === undefined) return text
  const [, hashes = ''] = new RegExp(`^(#+) ${heading}$`, 'm').exec(text) ?? []
  if (hashes === '') throw new Error(`there is no section "${heading}"`)
  const rest = text.slice(text.search(new RegExp(`^${hashes} ${heading}$`, 'm')) + hashes.length)
  const end = rest.search(new RegExp(`^#{1,${hashes.length}} `, 'm'))
  return end === -1 ? rest : rest.slice(0, end)
}

/** The first block in a language. */
export function firstBlock(blocks: readonly Block[], language: string): string {
  const found = blocks.find((block) => block.language === language)
  if (found === undefined) throw new Error(`there is no block in ${language}`)
  return found.text
}

/** The files that blocks name. */
export function filesOf(blocks: readonly Block[]): Readonly<Record<string, string>> {
  return Object.fromEntries(blocks.flatMap(({ file, text }) => (file === undefined ? [] : [[file, text]])))
}

/** The blocks of TypeScript that name no file, each as a file beside those that do. */
export function unnamedFilesOf(blocks: readonly Block[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    blocks
      .filter(({ file, language }) => file === undefined && /^tsx?$/.test(language))
      .map(({ language, text }, at) => [`unnamed-${at}.${language}`, text]),
  )
}

/** The `npm install` lines of blocks for a shell, each as its arguments. */
export function installsOf(blocks: readonly Block[]): readonly (readonly string[])[] {
  return blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => [...text.matchAll(/^npm install (.+)$/gm)])
    .map(([, rest = '']) => rest.replace(/\s*#.*$/, '').split(' '))
}
