/** @module Who hears what happens in a suite: the application, its channel, stderr, and the debug log. */
import { createAlerts } from './alerts.js'
import type { ResolvedOptions } from './config/options.js'
import { type DebugLog, lineOf } from './debug-log.js'
import { digestKeyedBy } from './digest.js'
import { createReport, type Report, withNames } from './events.js'

/** Makes the function through which all parts of a suite report. stderr hears only where the application does not. */
export function createReporting(options: ResolvedOptions, debug: DebugLog | undefined): Report {
  const { application, clock, events, onEvent } = options
  const alert = onEvent === undefined ? createAlerts({ clock }) : undefined
  const nameOf = digestKeyedBy(events.personKey)
  const report = createReport({ application: application.id, clock, nameOf, onEvent })
  if (alert === undefined && debug === undefined) return report
  return (event) => {
    debug?.(lineOf(nameOf === undefined ? event : withNames(event, nameOf)))
    alert?.(event)
    report(event)
  }
}
