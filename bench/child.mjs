/** @module A process of the bench, and what it is asked. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const running = new Set()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * Starts `script` (beside this file) with a setting. `ask` puts a question to it and resolves with the answer.
 * `flags` are for Node itself.
 */
export async function startChild(script, setting, flags = []) {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child = fork(path, [JSON.stringify(setting)], {
    execArgv: flags,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  running.add(child)
  const open = new Map()
  let last = 0
  const exited = new Promise((resolve) => {
    child.once('exit', (code) => {
      running.delete(child)
      const error = new Error(
        `${script} ended with ${code}: ${JSON.stringify(setting.contender ?? setting.probe)}`,
      )
      for (const { reject } of open.values()) reject(error)
      resolve()
    })
  })
  await new Promise((resolve, reject) => {
    open.set('start', { reject })
    child.on('message', ({ id, ready, answer, error }) => {
      if (ready) return resolve()
      const waiting = open.get(id)
      open.delete(id)
      if (error === undefined) waiting?.resolve(answer)
      else waiting?.reject(new Error(error))
    })
  })
  open.delete('start')
  return {
    ask(question, given) {
      last += 1
      const id = last
      return new Promise((resolve, reject) => {
        open.set(id, { resolve, reject })
        child.send({ id, question, given })
      })
    },
    async close() {
      child.disconnect()
      await exited
    },
  }
}
