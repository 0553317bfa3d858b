/** @module The model of the record's life names what it stands for: whoever changes that is told to look at the model. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { scripts } from '../../src/stores/redis/scripts.js'
import { modelFaults, rules } from '../model/faults.mjs'
import { plantedFaults } from '../simulation/planted/faults.mjs'
import { textOf } from './source.js'

const model = textOf('test/model/record.pml')
const named = [...model.matchAll(/script: (\w+) ([0-9a-f]+)/g)].map(([, name = '', digest = '']) => [
  name,
  digest,
])
const places = [
  ...new Set([...model.matchAll(/(?:code:|;) ((?:src|test)\/[\w./-]+), (\w+)/g)].map((found) => found[0])),
].map((text) => text.replace(/^(?:code:|;) /, '').split(', ') as [string, string])

it.each(named)(
  'the model was looked at since the script %s was changed: then write its new digest there',
  (name, digest) => {
    expect(scripts[name as keyof typeof scripts].digest).toBe(digest)
  },
)

it('the model names nine scripts, and functions that are there', () => {
  expect(named.length).toBe(9)
  expect(places.length).toBeGreaterThan(30)
  for (const [file, name] of places) {
    expect(existsSync(new URL(`../../${file}`, import.meta.url)), file).toBe(true)
    const isThere = new RegExp(
      `\\b(?:function|const|async|inline) ${name}\\b|^\\s+(?:async )?${name}[(:]`,
      'm',
    )
    expect(isThere.test(textOf(file)), `${file} has no ${name}: what does the model stand for?`).toBe(true)
  }
})

it('every part of the model says which code it stands for', () => {
  const parts = model.split(/\n(?=inline |proctype |active )/).slice(1)
  expect(parts.length).toBeGreaterThan(15)
  const labels = [...model.matchAll(/\n {2}\/\*[^\n]*code:[^\n]*\n(\w+):/g)].map(([, label]) => label)
  expect(labels).toEqual(
    expect.arrayContaining(['start', 'touch', 'over', 'serve', 'lend', 'prepare', 'call']),
  )
})

it('a fault that is planted in the model is one of the simulation by the same name, or says that it is none', () => {
  const names = new Set(plantedFaults.map(({ name }) => name))
  expect(modelFaults.length).toBeGreaterThanOrEqual(10)
  for (const { word, name, isOfModel } of modelFaults) {
    expect(names.has(name), name).toBe(isOfModel !== true)
    expect(model, word).toContain(`FAULT_${word}`)
  }
})

it('a rule of the model has the name of a rule of the simulation, or is judged inside the store', () => {
  const simulated = readFileSync(new URL('../simulation/invariants.ts', import.meta.url), 'utf8')
  const unseen = Object.values(rules).filter((name) => !simulated.includes(`'${name}'`))
  expect(unseen).toEqual(['an end is final', 'what is told as done survives'])
})
