// Products of one variant of the Winograd kernels: at one position, tiles × input channels by input channels × output
// channels, the output channels in the lanes of vectors, sums of several tiles in registers.

typedef struct {
  const float *samples;      // [group][tile][16]
  ptrdiff_t samplesGroup;    // floats from group to group
  const float *weights;      // [input][output]
  ptrdiff_t weightsStride;   // floats from input to input
  ptrdiff_t inputs;
  const float *next;         // weights that are wanted soon: a cache line per input,
  ptrdiff_t nextStep;        // this far from each other, or 0 for none
  float *sums;               // [tile][output]
  ptrdiff_t sumsStride;      // floats from tile to tile
  ptrdiff_t positions;       // that many products, the operands this far apart
  ptrdiff_t samplesPosition, weightsPosition, sumsPosition;
} wg_product;

// Floats of weights that stay in the first two caches beside the rest.
enum { wg_few_weights = 1 << 15 };

enum { wg_most_vectors = 4, wg_most_tiles = WG_REGISTERS == 32 ? 16 : 12 };

WG_INLINE void wg_multiply(const wg_product *product, const int vectors, const int tiles) {
  const wg_product o = *product;
  const float *next = o.next;
  for (ptrdiff_t p = 0; p < o.positions; p++) {
    wg_vec sums[wg_most_tiles][wg_most_vectors];
    WG_UNROLL for (int t = 0; t < tiles; t++) {
      WG_UNROLL for (int v = 0; v < vectors; v++) sums[t][v] = (wg_vec){0};
    }
    const float *weights = o.weights + p * o.weightsPosition;
    const float *group = o.samples + p * o.samplesPosition;
    for (ptrdiff_t first = 0; first < o.inputs; first += 16, group += o.samplesGroup) {
      const float *end = group + (o.inputs - first < 16 ? o.inputs - first : 16);
      for (const float *samples = group; samples < end; samples++) {
        __builtin_prefetch(next, 0, 2);
        wg_vec weight[wg_most_vectors];
        WG_UNROLL for (int v = 0; v < vectors; v++) weight[v] = wg_load(weights + v * WG_VECTOR);
        WG_UNROLL for (int t = 0; t < tiles; t++) {
          // A scalar times a vector becomes one broadcast; adding it to a zero vector would cost an addition.
          WG_UNROLL for (int v = 0; v < vectors; v++) sums[t][v] += samples[t * 16] * weight[v];
        }
        weights += o.weightsStride;
        next += o.nextStep;
      }
    }
    float *target = o.sums + p * o.sumsPosition;
    WG_UNROLL for (int t = 0; t < tiles; t++, target += o.sumsStride) {
      WG_UNROLL for (int v = 0; v < vectors; v++) wg_store(target + v * WG_VECTOR, sums[t][v]);
    }
  }
}

#define WG_MULTIPLY(vectors, tiles) \
  static void wg_multiply_##vectors##_##tiles(const wg_product *p) { wg_multiply(p, vectors, tiles); }
#define WG_ENTRY(vectors, tiles) wg_multiply_##vectors##_##tiles,

// As many tiles as leave registers for the weights and a sample.
#if WG_REGISTERS == 32
#define WG_TILES_1(F)                                                                                             \
  F(1, 1) F(1, 2) F(1, 3) F(1, 4) F(1, 5) F(1, 6) F(1, 7) F(1, 8) F(1, 9) F(1, 10) F(1, 11) F(1, 12) F(1, 13)     \
  F(1, 14) F(1, 15) F(1, 16)
#define WG_TILES_2(F) \
  F(2, 1) F(2, 2) F(2, 3) F(2, 4) F(2, 5) F(2, 6) F(2, 7) F(2, 8) F(2, 9) F(2, 10) F(2, 11) F(2, 12)
#define WG_TILES_3(F) F(3, 1) F(3, 2) F(3, 3) F(3, 4) F(3, 5) F(3, 6) F(3, 7) F(3, 8)
#define WG_TILES_4(F) F(4, 1) F(4, 2) F(4, 3) F(4, 4) F(4, 5) F(4, 6)
static const int wg_tiles[wg_most_vectors + 1] = {0, 16, 12, 8, 6};
#else
#define WG_TILES_1(F)                                                                                             \
  F(1, 1) F(1, 2) F(1, 3) F(1, 4) F(1, 5) F(1, 6) F(1, 7) F(1, 8) F(1, 9) F(1, 10) F(1, 11) F(1, 12)
#define WG_TILES_2(F) F(2, 1) F(2, 2) F(2, 3) F(2, 4) F(2, 5) F(2, 6)
#define WG_TILES_3(F) F(3, 1) F(3, 2) F(3, 3) F(3, 4)
#define WG_TILES_4(F) F(4, 1) F(4, 2) F(4, 3)
static const int wg_tiles[wg_most_vectors + 1] = {0, 12, 6, 4, 3};
#endif

WG_TILES_1(WG_MULTIPLY)
WG_TILES_2(WG_MULTIPLY)
WG_TILES_3(WG_MULTIPLY)
WG_TILES_4(WG_MULTIPLY)

typedef void (*wg_multiplication)(const wg_product *p);

static const wg_multiplication wg_multiplications[wg_most_vectors][wg_most_tiles] = {
    {WG_TILES_1(WG_ENTRY)}, {WG_TILES_2(WG_ENTRY)}, {WG_TILES_3(WG_ENTRY)}, {WG_TILES_4(WG_ENTRY)}};

// Tiles in pieces of nearly equal size: a small piece left over would have too few sums to hide the latency of an
// addition.
typedef struct {
  ptrdiff_t pieces, size, larger;  // the first `larger` pieces have one tile more than `size`
} wg_pieces;

WG_INLINE wg_pieces wg_pieces_of(ptrdiff_t tiles, ptrdiff_t vectors) {
  const ptrdiff_t pieces = vectors > 0 ? (tiles + wg_tiles[vectors] - 1) / wg_tiles[vectors] : 1;
  return (wg_pieces){pieces, tiles / pieces, tiles % pieces};
}

// The products of all tiles with `vectors` ≤ wg_most_vectors vectors of output channels at some positions, piece by
// piece.
WG_INLINE void wg_multiply_pieces(wg_product product, wg_pieces split, ptrdiff_t vectors, const float *next,
                                  ptrdiff_t ahead) {
  const float *weights = product.weights;
  for (ptrdiff_t piece = 0; piece < split.pieces; piece++) {
    const ptrdiff_t count = split.size + (piece < split.larger);
    const int fetches = piece < ahead;
    product.next = fetches ? next + piece * 16 * product.inputs : weights;
    product.nextStep = fetches ? 16 : 0;
    wg_multiplications[vectors - 1][count - 1](&product);
    product.samples += count * 16;
    product.sums += count * product.sumsStride;
  }
}

// The products of all tiles with `vectors` vectors of output channels, which take `lanes` lanes.
//
// Few weights stay in the cache while one piece after the other goes through all positions, which saves starting anew
// for each. Otherwise all pieces use the weights of one position before the next, whose weights are fetched meanwhile,
// evenly over the pieces: they are read once per block of tiles, mostly from outside the second cache, and fast enough
// only if that takes all the time there is. With few pieces it would be a part of them, and disturb the processor's
// own fetching of the rest.
static void wg_multiply_all(wg_product product, ptrdiff_t tiles, ptrdiff_t vectors, ptrdiff_t lanes) {
  const ptrdiff_t last = vectors % wg_most_vectors;
  const wg_pieces whole = wg_pieces_of(tiles, wg_most_vectors), rest = wg_pieces_of(tiles, last);
  const ptrdiff_t positions = product.positions;
  const int few = positions * product.weightsPosition <= wg_few_weights;
  if (!few) product.positions = 1;
  for (ptrdiff_t p = 0; p < positions; p += product.positions) {
    const float *next = p + 1 < positions ? product.weights + product.weightsPosition : product.weights;
    for (ptrdiff_t v = 0; v < vectors; v += wg_most_vectors) {
      const wg_pieces split = vectors - v < wg_most_vectors ? rest : whole;
      const ptrdiff_t lines = lanes / 16, ahead = !few && split.pieces * 2 > lines ? lines : 0;
      wg_product columns = product;
      columns.weights += v * WG_VECTOR;
      columns.sums += v * WG_VECTOR;
      wg_multiply_pieces(columns, split, vectors - v < wg_most_vectors ? last : wg_most_vectors, next, ahead);
    }
    product.samples += product.samplesPosition;
    product.weights += product.weightsPosition;
    product.sums += product.sumsPosition;
  }
}
