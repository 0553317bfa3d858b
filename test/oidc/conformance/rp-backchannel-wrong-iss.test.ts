import { it } from 'vitest'
import { refusesLogoutToken } from './module.js'

it('rp-backchannel-rpinitlogout-wrong-iss', () => refusesLogoutToken('wrong-iss'))
