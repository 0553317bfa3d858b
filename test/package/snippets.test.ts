/** @module The samples of the documentation in strict TypeScript, against the packed package. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { documents, moduleOf } from '../docs/samples.js'
import { textOf } from '../house/source.js'
import { type Consumer, createConsumer, peers } from './consumer.js'

const modules = documents.map((path) => [path, moduleOf(textOf(path))] as const)

/** The other packages that samples import, beside the optional ones. */
function neighbours(): readonly string[] {
  const imported = modules.flatMap(([, { module }]) => [
    ...module.matchAll(/ from '(@[^/']+\/[^/']+|[^@'./:]+)/g),
  ])
  const names = new Set(imported.map(([, name = '']) => name))
  const here = new Set(['citizen-session', 'node', ...peers()])
  return [...names].filter((name) => !here.has(name))
}

let consumer: Consumer
beforeAll(async () => {
  consumer = await createConsumer(['@types', 'undici-types', ...peers(), ...neighbours()])
})
afterAll(() => consumer.remove())

it.each(modules)('FLD-11 %s compiles against the tarball', async (_path, { module, extension }) => {
  const settings = {
    // Only a name says of a module with JSX that it is none of CommonJS: a bundler asks for no name.
    ...(extension === 'tsx' ? { module: 'esnext', moduleResolution: 'bundler' } : { module: 'nodenext' }),
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: ['node'],
    strict: true,
    noEmit: true,
    jsx: 'react-jsx',
    skipLibCheck: true,
  }
  expect(
    await consumer.compile(settings, { [`sample.${extension === 'ts' ? 'mts' : 'tsx'}`]: module }),
  ).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  })
})
