import { NextResponse } from 'next/server'
import { auth } from '../../lib/auth'

export const GET = auth.withCitizen.optional((request) =>
  NextResponse.redirect(new URL('/open', request.url), 302),
)
