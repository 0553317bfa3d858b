import { mounted } from '../../../../lib/mounted'

export const { GET, POST } = mounted.handlers
