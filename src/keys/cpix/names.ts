/** XML namespaces of a CPIX document. */
export const NAMESPACES = {
  cpix: 'urn:dashif:org:cpix',
  pskc: 'urn:ietf:params:xml:ns:keyprov:pskc',
  enc: 'http://www.w3.org/2001/04/xmlenc#',
  ds: 'http://www.w3.org/2000/09/xmldsig#',
  speke: 'urn:aws:amazon:com:speke',
} as const;

/** The only algorithms that CPIX allows (2.4, "Mandatory Algorithms"). */
export const ALGORITHMS = {
  /** Content keys under the document key: AES-256-CBC, PKCS #7 padding, the IV in front. */
  contentKey: 'http://www.w3.org/2001/04/xmlenc#aes256-cbc',
  /** Document key and MAC key under the recipient's public key. */
  keyTransport: 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p',
  mac: 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha512',
} as const;
