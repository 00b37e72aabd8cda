// What the offline verifier takes from npm: hashes and Ed25519 in plain
// JavaScript, for browsers without WebCrypto's and for pages opened over plain
// HTTP, where WebCrypto is not to be had.
import { hashes, verify } from '@noble/ed25519'
import { sha256, sha512 } from '@noble/hashes/sha2.js'

hashes.sha512 = sha512
export { sha256, verify }
