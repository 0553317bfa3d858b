/** @module Tells the process that started this one of every event of the package. */
import { subscribe } from 'node:diagnostics_channel'

subscribe('citizen-session', (event) => process.send?.({ event }))
