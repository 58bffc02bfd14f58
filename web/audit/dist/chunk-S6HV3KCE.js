function t(e){return e===1?81:80}function r(e){return e===1?"KT_128_SHA256_P256":"KT_128_SHA256_Ed25519"}export{t as a,r as b};
