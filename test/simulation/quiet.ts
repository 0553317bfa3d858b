/**
 * @module When nothing goes on any more without a decision of the scheduler: what the event loop had has been done, and the
 * work of the thread pool (WebCrypto) has come back.
 */

let pending = 0
let onNone: (() => void) | undefined

function settled(): void {
  pending -= 1
  if (pending === 0) onNone?.()
}

const counted = [
  'decrypt',
  'deriveBits',
  'deriveKey',
  'digest',
  'encrypt',
  'exportKey',
  'generateKey',
] as const
const countedToo = ['importKey', 'sign', 'unwrapKey', 'verify', 'wrapKey'] as const

type Method = (...given: unknown[]) => Promise<unknown>

/** Signatures that were made already: RSASSA-PKCS1-v1_5 gives the same again, and takes most of a run's time. */
const signatures = new WeakMap<object, Map<string, ArrayBuffer>>()

function remembering(sign: Method): Method {
  return function signOnce(this: unknown, ...given: unknown[]) {
    const [algorithm, key, data] = given
    const name = typeof algorithm === 'string' ? algorithm : String(Reflect.get(Object(algorithm), 'name'))
    if (name !== 'RSASSA-PKCS1-v1_5' || typeof key !== 'object' || key === null)
      return sign.apply(this, given)
    const known = signatures.get(key) ?? new Map<string, ArrayBuffer>()
    signatures.set(key, known)
    const text = Buffer.from(data as Uint8Array).toString('latin1')
    const made = known.get(text)
    if (made !== undefined) return Promise.resolve(made.slice(0))
    return sign.apply(this, given).then((signature) => {
      if (known.size > 20_000) known.clear()
      known.set(text, (signature as ArrayBuffer).slice(0))
      return signature
    })
  }
}

/** Counts what is under way in the thread pool from now on. Returns the way back. */
export function countThreadPool(): () => void {
  const prototype = Object.getPrototypeOf(crypto.subtle) as Record<string, Method>
  const before = new Map<string, Method>()
  for (const name of [...counted, ...countedToo]) {
    const own = prototype[name]
    if (own === undefined) continue
    before.set(name, own)
    const method = name === 'sign' ? remembering(own) : own
    prototype[name] = function countedCall(this: unknown, ...given: unknown[]) {
      const work = method.apply(this, given)
      pending += 1
      work.then(settled, settled)
      return work
    }
  }
  return () => {
    for (const [name, method] of before) prototype[name] = method
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** Resolves when nothing goes on by itself. */
export async function quiet(): Promise<void> {
  for (;;) {
    await nextTurn()
    if (pending === 0) return
    await new Promise<void>((resolve) => {
      onNone = resolve
    })
    onNone = undefined
  }
}
