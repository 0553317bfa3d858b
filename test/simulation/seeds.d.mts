export function nextSeed(version: string): number
export function noteSeeds(version: string, from: number, to: number): string
export function addRange(ranges: readonly [number, number][], from: number, to: number): [number, number][]
