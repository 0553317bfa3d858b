/** Where the demo's desk is, if this application runs as a part of the demo. */
export const deskUrl = process.env.DEMO_DESK_URL

/** Whether its timers are so short that a warning would never go away. */
export const isShort = process.env.DEMO_SHORT === 'true'
