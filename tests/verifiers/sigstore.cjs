// Holds a bundle against sigstore-js: node sigstore.cjs BUNDLE TRUSTED_ROOT (--key PEM | --identity URI) --stamps N
const fs = require('fs');
const crypto = require('crypto');
const { bundleFromJSON } = require('@sigstore/bundle');
const { TrustedRoot } = require('@sigstore/protobuf-specs');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');

const [bundlePath, rootPath, how, who, , stamps] = process.argv.slice(2);
const bundle = bundleFromJSON(JSON.parse(fs.readFileSync(bundlePath)));
const root = TrustedRoot.fromJSON(JSON.parse(fs.readFileSync(rootPath)));
const byHint = (hint) => {
  const publicKey = crypto.createPublicKey(fs.readFileSync(who));
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  const digest = crypto.createHash('sha256').update(spki).digest('base64');
  if (digest !== hint) throw new Error(`another key: ${hint}`);
  return { publicKey, validFor: () => true };
};
const material = toTrustMaterial(root, how === '--key' ? byHint : undefined);
const verifier = new Verifier(material, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: Number(stamps) });
const policy = how === '--identity' ? { subjectAlternativeName: who } : undefined;
verifier.verify(toSignedEntity(bundle), policy);
console.log('verified');
