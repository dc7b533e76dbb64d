// Drives one lane of the update unit with a weight per cycle and compares what comes out. Standard input holds runs: 8 words of
// settings (inverse loss scale, lambda, weight decay, momentum, learning rate, skip, number of weights, 0), then 6 words for
// each weight (dw, w, v, decays, new w, new v).

#include "Vdut.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

struct Weight {
    uint32_t dw, w, v, decays, new_w, new_v;
};

int main() {
    const auto context = std::make_unique<VerilatedContext>();
    const auto dut = std::make_unique<Vdut>(context.get());
    uint64_t compared = 0, wrong = 0;
    uint32_t settings[8];
    std::vector<Weight> weights;
    while (fread(settings, sizeof settings, 1, stdin) == 1) {
        weights.resize(settings[6]);
        if (fread(weights.data(), sizeof(Weight), weights.size(), stdin) != weights.size()) return 2;
        dut->inverse_loss_scale = settings[0];
        dut->lambda = settings[1];
        dut->weight_decay = settings[2];
        dut->momentum = settings[3];
        dut->learning_rate = settings[4];
        dut->skip = settings[5];
        for (size_t cycle = 0; cycle < weights.size() + LATENCY; ++cycle) {
            const Weight weight = cycle < weights.size() ? weights[cycle] : Weight{};
            dut->dw = weight.dw;
            dut->w = weight.w;
            dut->v = weight.v;
            const size_t late = cycle - DECAYS_AFTER;
            dut->decays = cycle >= DECAYS_AFTER && late < weights.size() ? weights[late].decays : 0;
            dut->clock = 0;
            dut->eval();
            if (cycle >= LATENCY) {
                const Weight& due = weights[cycle - LATENCY];
                if ((dut->new_w != due.new_w || dut->new_v != due.new_v) && ++wrong <= 10) {
                    printf("dw %08x, w %08x, v %08x, decays %u: got %08x, %08x, expected %08x, %08x\n", due.dw, due.w,
                           due.v, due.decays, (unsigned)dut->new_w, (unsigned)dut->new_v, due.new_w, due.new_v);
                }
                ++compared;
            }
            dut->clock = 1;
            dut->eval();
        }
    }
    dut->final();
    printf("%llu of %llu wrong\n", (unsigned long long)wrong, (unsigned long long)compared);
    return wrong != 0;
}
