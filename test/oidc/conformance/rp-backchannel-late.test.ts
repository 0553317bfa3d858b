import { it } from 'vitest'
import { refusesLogoutToken } from './module.js'

it('rp-backchannel-rpinitlogout-late', () => refusesLogoutToken('late'))
