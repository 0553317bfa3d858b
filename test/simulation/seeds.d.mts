export function runName(): string
export function nextSeed(name: string): number
export function noteSeeds(name: string, from: number, to: number): string
export function addRange(ranges: readonly [number, number][], from: number, to: number): [number, number][]
