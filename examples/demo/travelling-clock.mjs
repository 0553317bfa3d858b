/**
 * @module Lets a process keep the time of the one that started it, whose clock can be moved.
 * Loaded before anything else, so that whoever takes `Date.now` takes this one.
 */

const now = Date.now
let ahead = 0
Date.now = () => now() + ahead

process.on('message', (message) => {
  ahead = message.ahead
  process.send?.({ ahead })
})
// However the demo ends, this ends with it.
process.once('disconnect', () => process.exit())
