import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeKind,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { encodeFloat16 } from '#formats/safetensors/float16.ts';
import {
  elementCount,
  ELEMENT_BYTES,
  type Dim,
  type Dims,
  type ElementType,
  type PackingBits,
  type PortType,
} from './dtype.ts';
import { recipeDims, recipeKeys, tensor, type InitializerRecipe, type ShapeTable } from './weight-recipe.ts';

/** A named edge of the graph, with the shape the builder knows it has. */
export interface Value {
  readonly name: string;
  readonly dims: Dims;
  readonly dtype: ElementType;
}

/** Value of an ONNX attribute: numbers are floats, lists are integers, `{ int }` is one integer. */
export type Attribute = number | string | readonly number[] | { readonly int: number };

/** Declared input or output of a finished graph. */
export interface Port {
  readonly name: string;
  readonly dims: Dims;
  readonly dtype: PortType;
}

/** How one initializer is filled: the virtual file's name, its recipe, and the type the graph expects. */
export interface WeightBinding {
  readonly location: string;
  readonly recipe: InitializerRecipe;
  readonly dims: readonly number[];
  readonly dtype: ElementType;
}

/** An ONNX model without weights, and where each weight comes from. */
export interface EmittedGraph {
  readonly name: string;
  /** Serialised `ModelProto` (opset 21 + com.microsoft), a few hundred kilobytes at most. */
  readonly model: Uint8Array<ArrayBuffer>;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly weights: readonly WeightBinding[];
  /** Every key of the weight file that this graph reads. */
  readonly consumedKeys: ReadonlySet<string>;
  /** Every tensor a node makes, by edge name: what the planner follows through the graph (memory.ts). */
  readonly values: ReadonlyMap<string, Value>;
}

const DATA_TYPE: Readonly<Record<ElementType, DataType>> = {
  f32: DataType.FLOAT,
  f16: DataType.FLOAT16,
  i32: DataType.INT32,
  i64: DataType.INT64,
  u8: DataType.UINT8,
};

const MICROSOFT_DOMAIN = 'com.microsoft';

/**
 * Builds one ONNX graph. Initializers are external data, one virtual file per tensor at offset 0
 * (spec/onnxruntime-web.md §1.2: a single file beyond 4 GiB overflows in the runtime's optimiser).
 */
export class GraphBuilder {
  readonly #nodes: NodeProto[] = [];
  readonly #initializers = new Map<string, TensorProto>();
  readonly #bindings = new Map<string, WeightBinding>();
  readonly #consumed = new Set<string>();
  readonly #inputs: Port[] = [];
  readonly #outputs: Port[] = [];
  readonly #values = new Map<string, Value>();
  #serial = 0;

  readonly name: string;
  readonly shapes: ShapeTable;
  /** The type activations and weights have inside this graph. */
  readonly dtype: 'f32' | 'f16';
  /** Bits of large Linear weights; null: as wide as everything else. */
  readonly linearBits: PackingBits | null;

  constructor(
    name: string,
    shapes: ShapeTable,
    dtype: 'f32' | 'f16' = 'f32',
    linearBits: PackingBits | null = null,
  ) {
    this.name = name;
    this.shapes = shapes;
    this.dtype = dtype;
    this.linearBits = linearBits;
  }

  input(name: string, dims: Dims, dtype: PortType = this.dtype): Value {
    this.#inputs.push({ name, dims, dtype });
    return { name, dims, dtype };
  }

  output(name: string, value: Value): void {
    if (value.dtype === 'u8') throw new Error(`output "${name}" cannot be codes of a packed matrix`);
    this.#nodes.push(create(NodeProtoSchema, { opType: 'Identity', input: [value.name], output: [name] }));
    this.#outputs.push({ name, dims: value.dims, dtype: value.dtype });
  }

  has(key: string): boolean {
    return this.shapes.has(key);
  }

  /** An initializer read from the weight file; the same recipe twice in one type is the same initializer. */
  weight(source: string | InitializerRecipe, dtype: ElementType = this.dtype): Value {
    const recipe = typeof source === 'string' ? tensor(source) : source;
    const isPlain = recipe.kind === 'tensor' && dtype === this.dtype;
    const label = isPlain ? recipe.key : `${dtype} ${JSON.stringify(recipe)}`;
    const existing = this.#bindings.get(label);
    if (existing) return { name: existing.location, dims: existing.dims, dtype: existing.dtype };
    const dims = recipeDims(recipe, this.shapes, this.name);
    const location = isPlain ? `t/${recipe.key}` : `t/derived.${this.#bindings.size}`;
    for (const key of recipeKeys(recipe)) this.#consumed.add(key);
    this.#bindings.set(label, { location, recipe, dims, dtype });
    this.#initializers.set(location, externalInitializer(location, dims, dtype));
    return { name: location, dims, dtype };
  }

  /** Constant of the graph's own type, stored inside the model: tables, scales, masks. */
  constant(values: ArrayLike<number>, dims: readonly number[], dtype: 'f32' | 'f16' = this.dtype): Value {
    if (values.length !== elementCount(dims))
      throw new Error(`constant of ${values.length} values for [${dims.join(', ')}]`);
    return this.#constant(dims, dtype, rawFloats(values, dtype));
  }

  /** int64 constant: shapes, axes and gather indices, the only integers the WebGPU backend keeps on the host. */
  integers(values: readonly number[], dims: readonly number[] = [values.length]): Value {
    const raw = new BigInt64Array(values.map((value) => BigInt(value)));
    return this.#constant(dims, 'i64', new Uint8Array(raw.buffer));
  }

  scalar(value: number, dtype: 'f32' | 'f16' = this.dtype): Value {
    return this.constant([value], [], dtype);
  }

  /** Adds a node with one output of the stated shape. */
  op(
    type: string,
    inputs: readonly (Value | null)[],
    dims: Dims,
    attributes: Readonly<Record<string, Attribute>> = {},
    dtype: ElementType = inputs[0]?.dtype ?? this.dtype,
  ): Value {
    return this.#node('', type, inputs, [dims], attributes, dtype)[0] as Value;
  }

  /** Adds a node with several outputs. */
  opMany(
    type: string,
    inputs: readonly (Value | null)[],
    outputDims: readonly Dims[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value[] {
    return this.#node('', type, inputs, outputDims, attributes, inputs[0]?.dtype ?? this.dtype);
  }

  /** Adds a contrib operator (domain com.microsoft). */
  contrib(
    type: string,
    inputs: readonly (Value | null)[],
    dims: Dims,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value {
    return this.#node(
      MICROSOFT_DOMAIN,
      type,
      inputs,
      [dims],
      attributes,
      inputs[0]?.dtype ?? this.dtype,
    )[0] as Value;
  }

  build(): EmittedGraph {
    const model = create(ModelProtoSchema, {
      irVersion: 10n,
      producerName: 'luna-studio',
      opsetImport: [
        { domain: '', version: 21n },
        { domain: MICROSOFT_DOMAIN, version: 1n },
      ],
      graph: create(GraphProtoSchema, {
        name: this.name,
        node: this.#nodes,
        initializer: [...this.#initializers.values()],
        input: this.#inputs.map(valueInfo),
        output: this.#outputs.map(valueInfo),
      }),
    });
    return {
      name: this.name,
      model: toBinary(ModelProtoSchema, model),
      inputs: this.#inputs,
      outputs: this.#outputs,
      weights: [...this.#bindings.values()],
      consumedKeys: this.#consumed,
      values: this.#values,
    };
  }

  #constant(dims: readonly number[], dtype: ElementType, rawData: Uint8Array<ArrayBuffer>): Value {
    const name = `c${this.#serial++}`;
    this.#initializers.set(
      name,
      create(TensorProtoSchema, { name, dims: dims.map(BigInt), dataType: DATA_TYPE[dtype], rawData }),
    );
    return { name, dims, dtype };
  }

  #node(
    domain: string,
    opType: string,
    inputs: readonly (Value | null)[],
    outputDims: readonly Dims[],
    attributes: Readonly<Record<string, Attribute>>,
    dtype: ElementType,
  ): Value[] {
    const outputs = outputDims.map((dims) => ({ name: `v${this.#serial++}`, dims, dtype }));
    for (const value of outputs) this.#values.set(value.name, value);
    this.#nodes.push(
      create(NodeProtoSchema, {
        domain,
        opType,
        name: `${opType}.${this.#nodes.length}`,
        input: inputs.map((value) => value?.name ?? ''),
        output: outputs.map((value) => value.name),
        attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
      }),
    );
    return outputs;
  }
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'string')
    return create(AttributeProtoSchema, {
      name,
      type: AttributeKind.STRING,
      s: new TextEncoder().encode(value),
    });
  if (typeof value === 'number')
    return create(AttributeProtoSchema, { name, type: AttributeKind.FLOAT, f: value });
  if ('int' in value)
    return create(AttributeProtoSchema, { name, type: AttributeKind.INT, i: BigInt(value.int) });
  return create(AttributeProtoSchema, { name, type: AttributeKind.INTS, ints: value.map(BigInt) });
}

function externalInitializer(name: string, dims: readonly number[], dtype: ElementType): TensorProto {
  const bytes = elementCount(dims) * ELEMENT_BYTES[dtype];
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: DATA_TYPE[dtype],
    dataLocation: DataLocation.EXTERNAL,
    externalData: [
      { key: 'location', value: name },
      { key: 'offset', value: '0' },
      { key: 'length', value: String(bytes) },
    ],
  });
}

function valueInfo(port: Port): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name: port.name,
    type: {
      value: {
        case: 'tensorType',
        value: { elemType: DATA_TYPE[port.dtype], shape: { dim: port.dims.map(dimension) } },
      },
    },
  });
}

function dimension(dim: Dim) {
  return typeof dim === 'number'
    ? { value: { case: 'dimValue' as const, value: BigInt(dim) } }
    : { value: { case: 'dimParam' as const, value: dim } };
}

function rawFloats(values: ArrayLike<number>, dtype: 'f32' | 'f16'): Uint8Array<ArrayBuffer> {
  if (dtype === 'f32') return new Uint8Array(Float32Array.from(values).buffer);
  return new Uint8Array(encodeFloat16(Float32Array.from(values)).buffer);
}
