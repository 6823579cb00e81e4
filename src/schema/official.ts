// Reads the definitions of a schema that was made with the `i` of an official package (`@instantdb/core`, `react`, `admin`). The type of a value
// is a type parameter that no property mentions, so the compiler finds it only through the official class itself. The package need not be
// installed: the build marks the import in the declarations as optional, and without it no such definition exists.

/* eslint-disable @typescript-eslint/no-explicit-any -- as a constraint, `any` is the one type argument that every definition fits */

type OfficialAttr<Def> = Def extends import('@instantdb/core').DataAttrDef<infer Value, any, any, infer IsUnique extends boolean>
  ? { value: Value; isUnique: IsUnique }
  : unknown;

/** `Found` where it is known; else what the official class says of `Def`, if it is one of its own. */
type OrOfficial<Found, Official, Key extends string> = unknown extends Found
  ? Official extends { [K in Key]: infer Value }
    ? unknown extends Value
      ? Found
      : Value
    : Found
  : Found;

/** The type of an attribute's values, where our own class tells `Found`. */
export type ValueOf<Def, Found> = OrOfficial<Found, OfficialAttr<Def>, 'value'>;

/** Whether an attribute is unique. `boolean`, which our own class tells of foreign definitions, means unknown. */
export type IsUniqueOf<Def, Found> = boolean extends Found
  ? OfficialAttr<Def> extends { isUnique: infer IsUnique }
    ? IsUnique
    : Found
  : Found;

/** What `asType` said of an entity. */
export type AsTypeOfEntity<Def, Found> = unknown extends Found
  ? Def extends import('@instantdb/core').EntityDef<any, any, infer AsType>
    ? unknown extends AsType
      ? Found
      : AsType
    : Found
  : Found;
