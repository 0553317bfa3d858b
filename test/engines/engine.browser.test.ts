/** @module Every scenario in Chromium. */
import { startChromium } from './chromium.js'
import { runScenarios } from './scenarios.js'

runScenarios(startChromium)
