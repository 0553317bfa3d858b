/** @module An orderly end: stage after stage, whatever became of those before. */

interface Closable {
  close?(): unknown
}

/**
 * Closes what each stage holds at the same time, and begins the next stage when all of it is closed, or has failed to.
 * @throws the first failure, once everything has had its turn
 */
export async function closeInStages(
  ...stages: readonly (readonly (Closable | undefined)[])[]
): Promise<void> {
  const failures: unknown[] = []
  for (const stage of stages) {
    const results = await Promise.allSettled(stage.map(async (each) => each?.close?.()))
    for (const result of results) if (result.status === 'rejected') failures.push(result.reason)
  }
  if (failures.length > 0) throw failures[0]
}
