import { citizenSession } from 'citizen-session/next'
import { layer } from './auth'

/** Another application's session layer below a sub-path. */
export const mounted = citizenSession({
  ...layer,
  application: { id: 'mounted' },
  routes: { path: '/mounted/session' },
})
