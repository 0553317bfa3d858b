/**
 * @module Faults that are planted in the model, each by a word in `record.pml`; the model is worth what it finds of them.
 * `name`: that of the same fault in `test/simulation/planted/faults.mjs`, where it is a change of the code; `isOfModel`: there is
 * none. `rule`: what it breaks. `parts`: of the model, those in which it is looked for.
 */

/** Names of rules, by their numbers in `record.pml`; those of the simulation have the names that they have there. */
export const rules = {
  1: 'an acknowledged end is never served again',
  2: 'nobody is ended by an outage',
  3: 'idle and absolute limits hold',
  4: 'where nothing is broken everybody is served',
  5: 'one refresh for all',
  6: 'an end is final',
  7: 'what is told as done survives',
}

/** @typedef {{ word: string, name: string, isOfModel?: boolean, rule: string, parts: string[] }} ModelFault */

/** @type {readonly ModelFault[]} */
export const modelFaults = [
  {
    word: 'START_IGNORES_REVOCATION',
    name: 'a start does not look at the revocation of its session value',
    rule: rules[1],
    parts: [],
  },
  {
    word: 'START_BRINGS_BACK',
    name: 'a start brings an ended record back',
    rule: rules[1],
    parts: [],
  },
  {
    word: 'TOUCH_BRINGS_BACK',
    name: 'a touch brings an ended record back',
    isOfModel: true,
    rule: rules[1],
    parts: [],
  },
  {
    word: 'OTHERS_GO_ON',
    name: 'a sign-out ends the sessions of its own application alone',
    rule: rules[1],
    parts: [],
  },
  {
    word: 'TOLD_BEFORE_DONE',
    name: 'a sign-out is told as done before it is',
    rule: rules[1],
    parts: [],
  },
  {
    word: 'LOST_IS_TOLD_AS_DONE',
    name: 'what the store could not take is told as done',
    rule: rules[1],
    parts: ['LOSS'],
  },
  {
    word: 'REPLICA_IS_NOT_WAITED_FOR',
    name: 'an end counts as done before a replica has it',
    rule: rules[1],
    parts: ['REPLICA'],
  },
  {
    word: 'OUTAGE_IS_NOBODY',
    name: 'an outage of the store is read as "nothing is there"',
    rule: rules[2],
    parts: ['LOSS'],
  },
  {
    word: 'TOUCH_UNDER_WAY_COUNTS',
    name: 'whoever comes beside a touch is let in before it is written',
    isOfModel: true,
    rule: rules[2],
    parts: ['IDLE', 'LOSS', 'SMALL'],
  },
  {
    word: 'TOUCH_MOVES_BACK',
    name: 'a touch moves the last activity back',
    rule: rules[2],
    parts: ['IDLE', 'LOSS', 'SMALL'],
  },
  {
    word: 'IDLE_GOES_ON',
    name: 'an idle session goes on when the next request comes',
    rule: rules[3],
    parts: ['IDLE', 'SMALL'],
  },
  {
    word: 'EVERY_REFRESH_LEASES',
    name: 'every refresh gets the lease',
    rule: rules[5],
    parts: ['REFRESH'],
  },
  {
    word: 'LEASE_IS_SHORT',
    name: 'the lease of a refresh is shorter than a slow answer',
    rule: rules[5],
    parts: ['REFRESH'],
  },
  {
    word: 'REFRESH_LOOKS_NOT_AGAIN',
    name: 'who gets the lease does not look whether another one has refreshed',
    rule: rules[5],
    parts: ['REFRESH'],
  },
  {
    word: 'NEAR_HEARS_NOTHING',
    name: 'near reads do not hear of changes',
    rule: rules[1],
    parts: ['NEAR', 'SMALL'],
  },
  {
    word: 'NEAR_WITHOUT_PROOF',
    name: 'near reads go on without a proof',
    rule: rules[1],
    parts: ['NEAR', 'SMALL'],
  },
  {
    word: 'READ_THAT_CROSSED',
    name: 'what was read while it changed is remembered',
    rule: rules[1],
    parts: ['NEAR', 'SMALL'],
  },
]
