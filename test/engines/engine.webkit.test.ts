/** @module Every scenario in WebKit. */

import { runScenarios } from './scenarios.js'
import { startWebKit } from './webkit.js'

runScenarios(startWebKit)
