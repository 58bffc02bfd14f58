import{a as e,b as n}from"./chunk-LMBNCLIX.js";import"./chunk-EGUFE6D5.js";import"./chunk-QFUTKEGX.js";export{n as labelWarnings,e as skeleton};
