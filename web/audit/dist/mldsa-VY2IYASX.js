import{q as r}from"./chunk-OB7VF4IT.js";import"./chunk-YHEPIQSR.js";import"./chunk-MQRVEZ46.js";function i(t,a,n){try{return r.verify(n,a,t)}catch{return!1}}export{i as verifyMldsa44};
