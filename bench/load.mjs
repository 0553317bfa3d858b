/** @module Load over loopback: keep-alive connections that each send the next request when the answer is there. */
import { connect } from 'node:net'

/** Enough to keep one process busy. */
const defaultConnections = 16

/** A GET as bytes. */
export function requestText(path, headers) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** The end of the first whole answer in `text`; 0 if there is none yet. */
function endOfAnswer(text) {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return 0
  const length = /\r\ncontent-length: (\d+)/i.exec(text)
  if (length !== null) return text.length >= end + 4 + Number(length[1]) ? end + 4 + Number(length[1]) : 0
  return text.endsWith('0\r\n\r\n') ? text.length : 0
}

/** Connections to a port on loopback. */
export async function openLoad(port, request, connections = defaultConnections) {
  const sockets = await Promise.all(
    Array.from(
      { length: connections },
      () =>
        new Promise((resolve, reject) => {
          const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
          socket.once('error', reject)
          socket.setEncoding('latin1')
        }),
    ),
  )

  /** One connection until the time is over. */
  const drive = (socket, end) =>
    new Promise((resolve, reject) => {
      let count = 0
      let text = ''
      const stop = (outcome, value) => {
        socket.off('data', take)
        socket.off('close', lost)
        outcome(value)
      }
      const lost = () => stop(reject, new Error('the server closed a connection'))
      const take = (chunk) => {
        text += chunk
        const length = endOfAnswer(text)
        if (length === 0) return
        if (!text.startsWith('HTTP/1.1 200 ')) return stop(reject, new Error(`the answer was ${text}`))
        text = text.slice(length)
        count += 1
        if (performance.now() < end) socket.write(request)
        else stop(resolve, count)
      }
      socket.on('data', take)
      socket.on('close', lost)
      socket.write(request)
    })

  const askOnce = (socket) =>
    new Promise((resolve, reject) => {
      let text = ''
      const lost = () => reject(new Error('the server closed a connection'))
      const take = (chunk) => {
        text += chunk
        if (endOfAnswer(text) === 0) return
        socket.off('data', take)
        socket.off('close', lost)
        resolve(text)
      }
      socket.on('data', take)
      socket.once('close', lost)
      socket.write(request)
    })

  return {
    /** The answers to one request on each of `count` connections, all sent at once. */
    once: (count) => Promise.all(sockets.slice(0, count).map(askOnce)),
    /** Runs for some time; all answers must be 200. */
    async run(milliseconds) {
      const began = performance.now()
      const counts = await Promise.all(sockets.map((socket) => drive(socket, began + milliseconds)))
      const count = counts.reduce((sum, each) => sum + each, 0)
      return { count, seconds: (performance.now() - began) / 1000 }
    },
    close() {
      for (const socket of sockets) socket.destroy()
    },
  }
}
