import { auth } from '../../lib/auth'

const logout = auth.logout({ returnTo: '/static' })

export { logout as GET, logout as POST }
