/** @module What the collector of V8 does while requests are served: bytes allocated, and bytes that survive a scavenge. */
import { GCProfiler } from 'node:v8'

const usedIn = ({ heapSpaceStatistics }, isWanted) =>
  heapSpaceStatistics
    .filter(({ spaceName }) => isWanted(spaceName))
    .reduce((sum, { spaceUsedSize }) => sum + spaceUsedSize, 0)
const isYoung = (space) => space === 'new_space'
const isAny = () => true

/** Watches until `stop(requests)`. */
export function watchCollector() {
  const profiler = new GCProfiler()
  profiler.start()
  return {
    stop(requests) {
      const { statistics } = profiler.stop()
      let allocated = 0
      let counted = 0
      let survived = 0
      let scavenges = 0
      let microseconds = 0
      let last
      for (const { gcType, beforeGC, afterGC, cost } of statistics) {
        microseconds += cost
        if (last !== undefined) allocated += Math.max(0, usedIn(beforeGC, isAny) - last)
        last = usedIn(afterGC, isAny)
        if (gcType !== 'Scavenge') continue
        scavenges += 1
        const young = usedIn(beforeGC, isYoung)
        counted += young
        // Freed in a scavenge is what was young and is nowhere now.
        survived += young - (usedIn(beforeGC, isAny) - last)
      }
      return {
        scavenges,
        allocatedBytes: allocated / requests,
        survivingBytes: survived / Math.max(1, scavenges),
        survivingShare: survived / Math.max(1, counted),
        milliseconds: microseconds / 1000 / Math.max(1, statistics.length),
      }
    },
  }
}
