export interface Patch {
  readonly file: string
  readonly find: string
  readonly put: string
}
export interface Planted {
  readonly name: string
  readonly of: string
  readonly patches: readonly Patch[]
}
export const plantedFaults: readonly Planted[]
