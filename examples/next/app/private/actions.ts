'use server'

import { refresh } from 'next/cache'
import { auth } from '../../lib/auth'
import { keepNote } from './notes'

export const saveNote = auth.actionWithCitizen(async (citizen, form: FormData) => {
  keepNote(citizen.claims.sub, String(form.get('note') ?? ''))
  refresh()
})
