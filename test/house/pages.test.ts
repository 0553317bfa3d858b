/** @module The pages for whoever changes the source: what they name is there, and no folder is left out. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repositoryFiles, root, textOf } from './source.js'

const pages = ['ARCHITECTURE.md', 'CONTRIBUTING.md']

/** The paths in a page: between back quotes, or on their own in a plan of the tree. */
function pathsIn(text: string): readonly string[] {
  const quoted = [...text.matchAll(/`((?:src|adapters|test|docs|examples|bench)\/[\w./-]*)`/g)]
  const asArguments = [...text.matchAll(/`[^`\n]* ((?:src|test)\/[\w./-]+)[^`\n]*`/g)]
  const linked = [...text.matchAll(/\]\(([\w./-]+)\)/g)]
  return [...quoted, ...asArguments, ...linked].map(([, path = '']) => path)
}

function plan(): string {
  return /```\n(src\/[\s\S]*?)```/.exec(textOf('ARCHITECTURE.md'))?.[1] ?? ''
}

describe('the pages for contributors', () => {
  it.each(pages)('%s names only what is there', (page) => {
    const named = pathsIn(textOf(page))
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  it('the plan of the tree names every folder of the source, and none that is gone', () => {
    const folders = repositoryFiles().flatMap((path) => /^src\/([\w-]+)\/[\w-]+\.tsx?$/.exec(path)?.[1] ?? [])
    const named = [...plan().matchAll(/(?<=^ {2}|^ {2}[\w-]+\/ {2})([\w-]+)\//gm)].map(([, name]) => name)
    expect([...named].sort()).toEqual([...new Set(folders)].sort())
  })

  it('every command that CONTRIBUTING.md names exists', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
    const named = [...textOf('CONTRIBUTING.md').matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name)
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([])
  })
})
