/** @module Every scenario in Firefox. */
import { startFirefox } from './firefox.js'
import { runScenarios } from './scenarios.js'

runScenarios(startFirefox)
