/** @module Requests in process: real IncomingMessage and ServerResponse of node:http on a socket that goes nowhere. */
import { EventEmitter } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'

/** As many as the loopback run has connections, so that what is batched can be batched here too. */
const atOnce = 16

class NowhereSocket extends EventEmitter {
  writable = true
  remoteAddress = '127.0.0.1'
  written = ''
  cork() {}
  uncork() {}
  write(data, encoding, callback) {
    this.written = data
    const done = typeof encoding === 'function' ? encoding : callback
    done?.()
    return true
  }
}

/** Calls `handler` with a GET that has these headers, sixteen requests at once. */
export function createInjection(handler, headers) {
  const rawHeaders = Object.entries(headers).flat()
  const sockets = Array.from({ length: atOnce }, () => new NowhereSocket())

  function request(socket, done) {
    const incoming = new IncomingMessage(socket)
    incoming.httpVersionMajor = 1
    incoming.httpVersionMinor = 1
    incoming.httpVersion = '1.1'
    incoming.method = 'GET'
    incoming.url = '/benefits'
    // As the parser of node:http does it: the object of headers is made when somebody asks for it.
    incoming._addHeaderLines(rawHeaders, rawHeaders.length)
    incoming.complete = true
    const response = new ServerResponse(incoming)
    response.assignSocket(socket)
    response.on('finish', () => {
      response.detachSocket(socket)
      if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}: ${socket.written}`)
      done()
    })
    handler(incoming, response)
  }

  const batch = () =>
    new Promise((resolve) => {
      let open = atOnce
      const done = () => {
        open -= 1
        if (open === 0) setImmediate(resolve)
      }
      for (const socket of sockets) request(socket, done)
    })

  return {
    async run(milliseconds) {
      const end = performance.now() + milliseconds
      let count = 0
      const before = process.cpuUsage()
      while (performance.now() < end) {
        await batch()
        count += atOnce
      }
      const { user, system } = process.cpuUsage(before)
      return (user + system) / count
    },
  }
}
