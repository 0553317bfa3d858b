/** @module What a demand on a citizen may say: for guards in code, and for the policies of the gate. */
import { providerNamePattern } from './provider-name.js'

/** The most providers that one demand names. */
export const mostProviders = 8

/** Whether a value is a level of assurance: a whole number of 1 or higher. */
export const isLevel = (level: unknown): boolean => Number.isInteger(level) && Number(level) >= 1

/** Whether a value is a provider, or a list of 1 to 8. */
export const isProviders = (provider: unknown): boolean => {
  const names: readonly unknown[] = Array.isArray(provider) ? provider : [provider]
  if (names.length === 0 || names.length > mostProviders) return false
  return names.every((name) => typeof name === 'string' && providerNamePattern.test(name))
}

/** Whether a value is an age in seconds: above 0. */
export const isAge = (seconds: unknown): boolean => typeof seconds === 'number' && seconds > 0
