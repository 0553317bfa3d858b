/** @module Which objects a request leads to that were made for it, and whether V8 has put them among the young ones. */

import { Session } from 'node:inspector'

const session = new Session()
session.connect()

/** Asks the inspector of this process, which answers at once. */
function ask(method, parameters) {
  let answer
  session.post(method, parameters, (error, result) => {
    if (error) throw new Error(error.message)
    answer = result
  })
  return answer
}

/** Only V8 knows; as text, for no parser but its own takes it, and that with `--allow-natives-syntax` alone. */
const isYoung = new Function('object', 'return %InYoungGeneration(object)')

const isObject = (value) => typeof value === 'object' && value !== null
const isOfClass = (object) =>
  ![Object.prototype, Array.prototype, null].includes(Object.getPrototypeOf(object))
const group = { objectGroup: 'young-objects' }

/** The objects in the private fields of an object, with their names. Nothing but the inspector sees these. */
function privateFields(object) {
  if (!isOfClass(object)) return []
  const found = []
  globalThis.looksAt = object
  const { result } = ask('Runtime.evaluate', { expression: 'looksAt', ...group })
  const { privateProperties = [] } = ask('Runtime.getProperties', {
    objectId: result.objectId,
    ownProperties: true,
  })
  for (const { name, value } of privateProperties) {
    if (value?.type !== 'object' || value.objectId === undefined) continue
    const functionDeclaration = 'function () { globalThis.looksAt = this }'
    ask('Runtime.callFunctionOn', { objectId: value.objectId, functionDeclaration })
    found.push([globalThis.looksAt, name])
  }
  delete globalThis.looksAt
  ask('Runtime.releaseObjectGroup', group)
  return found
}

/** Of the objects that an object has, with the words that lead there. */
function properties(object) {
  const own = Reflect.ownKeys(object)
    .map((key) => [Reflect.getOwnPropertyDescriptor(object, key).value, String(key)])
    .filter(([value]) => isObject(value))
  return [...own, ...privateFields(object)]
}

/**
 * Everything that an object leads to and `known` does not have yet, which has it then: by object the words that lead there, and
 * what it has itself.
 */
function reach(start, known) {
  const found = new Map([[start, { name: '', has: [] }]])
  for (const [object, { name, has }] of found) {
    for (const [value, key] of properties(object)) {
      has.push(value)
      if (known.has(value)) continue
      known.add(value)
      found.set(value, { name: `${name} ${key}`.trim(), has: [] })
    }
  }
  found.delete(start)
  return found
}

/** Those of them that lead to an object. */
function leadingTo(object, found) {
  const leading = new Set([object])
  for (let before = 0; before < leading.size; ) {
    before = leading.size
    for (const [each, { has }] of found) if (has.some((value) => leading.has(value))) leading.add(each)
  }
  leading.delete(object)
  return leading
}

/**
 * Looks at requests: `begin` before our work, `look` after it. `counts` says of what each but the first led to, and what
 * led back to it, how much was young and how much was old: what was there before lives longer, as the suite does.
 */
export function createWitness() {
  const known = new WeakSet()
  const counts = {}
  let isFirst = true
  return {
    counts,
    begin(request) {
      known.add(request)
      reach(request, known)
    },
    look(request) {
      const found = reach(request, known)
      if (!isFirst) {
        for (const object of leadingTo(request, found)) {
          const { name } = found.get(object)
          const count = counts[name] ?? { young: 0, old: 0 }
          counts[name] = count
          count[isYoung(object) ? 'young' : 'old'] += 1
        }
      }
      isFirst = false
    },
  }
}
