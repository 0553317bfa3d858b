/** @module A thread that signs tokens: `{ from, to }` in, their signatures out, one after the other. */
import { createPrivateKey, sign } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { unsignedToken } from './people.mjs'

const privateKey = createPrivateKey(workerData.privateKey)

parentPort.on('message', ({ from, to }) => {
  const signatures = []
  for (let number = from; number < to; number += 1) {
    const { header, payload } = unsignedToken(workerData, number)
    signatures.push(sign('sha256', Buffer.from(`${header}.${payload}`), privateKey))
  }
  parentPort.postMessage(Buffer.concat(signatures))
})
