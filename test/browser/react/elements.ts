/** @module `<citizen-header>` as JSX knows it: compiled, and never run. */
import type { JSX } from 'react'
import type { CitizenHeaderProps } from '../../../adapters/react.js'

/** As an element. */
export const element: JSX.IntrinsicElements['citizen-header'] = { details: 'email', lang: 'fr', class: 'top' }

/** As a component. */
export const component: CitizenHeaderProps = { details: ['email'], lang: 'fr', className: 'top' }

// @ts-expect-error: a list is what the component takes.
export const wrong: JSX.IntrinsicElements['citizen-header'] = { details: ['email'] }
