'use server'

import { cookies } from 'next/headers'
import { redirect } from 'next/navigation'
import { auth } from '../../lib/auth'

export const plain = auth.actionWithCitizen(async (citizen) => `hello ${citizen.claims.sub}`)

export const anybody = auth.actionWithCitizen.optional(async ({ state, reason }) => `${state} ${reason}`)

export const strong = auth.actionWithCitizen(async () => 'strong', { level: 2 })

/** An action that lets nothing through that is thrown in it. */
export const careful = auth.actionWithCitizen(async () => {
  try {
    const { state } = await auth.read()
    return `read ${state}`
  } catch {
    return 'swallowed'
  }
})

export const ownCookie = auth.actionWithCitizen(async (citizen) => {
  const jar = await cookies()
  jar.set('choice', citizen.claims.sub)
})

export const leave = auth.actionWithCitizen(async (citizen) => {
  const receipt = await citizen.logout({ returnTo: '/static' })
  redirect(receipt.continueAt ?? '/static')
})
