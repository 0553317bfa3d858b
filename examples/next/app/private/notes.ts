/** Stands for the application's database. Pages and actions are bundled apart, so it lives on the process. */
const shared = globalThis as { notes?: Map<string, string> }
shared.notes ??= new Map()
const { notes } = shared

export function noteOf(person: string): string {
  return notes.get(person) ?? ''
}

export function keepNote(person: string, note: string): void {
  notes.set(person, note.slice(0, 1000))
}
