import { answer } from '../../../lib/answer.js'

export const dynamic = 'force-dynamic'
export const GET = () => answer(process.env.BENCH_PERSON)
