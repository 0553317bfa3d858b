/** @module Types of `trail.mjs`, for the tests. */
import type { Step } from './replay.js'
export function parseStep(line: string): Step | undefined
export function storyOfTrail(lines: readonly string[]): string[]
