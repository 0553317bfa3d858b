/** @module A button with a menu: opened and moved through by keys as by pointer. Source: ARIA Authoring Practices, Menu Button. */

/** Makes a menu of the links in an element, opened by a button beside it. */
export function keepMenu(button: HTMLElement, menu: HTMLElement): void {
  const show = (isOpen: boolean): void => {
    menu.hidden = !isOpen
    button.ariaExpanded = `${isOpen}`
  }
  /** Goes to a place in the list, around its ends. */
  const go = (place: number): void => {
    show(true)
    const items = [...menu.children] as HTMLElement[]
    items.at(place % items.length)?.focus()
  }
  const close = (): void => {
    button.focus()
    show(false)
  }
  show(false)
  menu.role = button.ariaHasPopup = 'menu'
  button.onclick = () => (menu.hidden ? go(0) : close())
  const onKey = (event: KeyboardEvent): void => {
    const { key } = event
    const items = [...menu.children]
    const at = items.findIndex((item) => item.matches(':focus'))
    // From the button both arrows lead into the list: down to its begin, up to its end.
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: Math.max(at, 0) - 1,
      Home: 0,
      End: -1,
    }
    if (key === 'Escape') close()
    else if (key in moves) go(moves[key] as number)
    else return
    event.preventDefault()
  }
  button.onkeydown = menu.onkeydown = onKey
  // Whoever goes elsewhere, by Tab or by pointer, leaves it behind.
  menu.addEventListener('focusout', ({ relatedTarget }) => {
    if (relatedTarget !== button && !menu.contains(relatedTarget as Node | null)) show(false)
  })
}
