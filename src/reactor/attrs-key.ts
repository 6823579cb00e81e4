// Where the attrs are kept, of which all kept answers speak.

export const attrsKey = 'attrs';
