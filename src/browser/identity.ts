/** @module The frame that watches the provider's session (OpenID Connect Session Management 1.0): a page of ours. */

/** What it says, in an event of the page around it. */
export type IdentityEvent = CustomEvent<{ readonly state: 'unchanged' | 'changed' | 'blocked' | 'error' }>

/** Makes it; nothing is shown yet. Returns what shows the page of an address, and no other; without one none. */
export function createFrame(): (address: string | false | undefined) => void {
  const frame = document.createElement('iframe')
  frame.hidden = true
  let shown: string | false | undefined
  return (address) => {
    if (address === shown) return
    shown = address
    // Another address in a frame that stays would be a step of the back button.
    frame.remove()
    if (address) {
      frame.src = address
      document.documentElement.append(frame)
    }
  }
}
