import { it } from 'vitest'
import { refusesLogoutToken } from './module.js'

it('rp-backchannel-rpinitlogout-no-jti', () => refusesLogoutToken('without-jti'))
