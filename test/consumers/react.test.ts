/** @module The header in React, as its page says, with each release of React that the package takes. */
import { expect, it } from 'vitest'
import { createConsumer, removeConsumer } from './consumer.js'
import { blocksOf, firstBlock } from './page.js'

const compilerOptions = {
  strict: true,
  module: 'nodenext',
  jsx: 'react-jsx',
  target: 'es2022',
  lib: ['es2023', 'dom', 'dom.iterable'],
  types: [],
}
const asElement = `export const Bare = () => <citizen-header details="email" class="top" lang="fr" />`
const rendering = `
import { createElement, StrictMode } from 'react'
import { renderToString } from 'react-dom/server'
import { App, Bare } from './page.js'
console.log(renderToString(createElement(StrictMode, null, createElement(App), createElement(Bare))))`

it.each(['18', '19'])('React %s renders the header on a server, and its types are right', async (release) => {
  const consumer = await createConsumer({ type: 'module' })
  try {
    const packages = ['react', 'react-dom', '@types/react', '@types/react-dom']
    await consumer.install('citizen-session', 'typescript', ...packages.map((name) => `${name}@${release}`))
    await consumer.write({
      'page.tsx': `${firstBlock(blocksOf('docs/header.md', 'React'), 'tsx')}\n${asElement}\n`,
      'render.js': rendering,
      'tsconfig.json': JSON.stringify({ compilerOptions, files: ['page.tsx'] }),
    })
    expect(await consumer.run('tsc', [])).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(await consumer.run(process.execPath, ['render.js'])).toEqual({
      code: 0,
      stdout:
        '<citizen-header details="email"></citizen-header>' +
        '<citizen-header details="email" class="top" lang="fr"></citizen-header>\n',
      stderr: '',
    })
  } finally {
    await removeConsumer(consumer)
  }
})
