// Drives `vector_norm`. Standard input holds norms of 32-bit words: whether it is backwards, values of a channel, channels, lanes; then
// of each channel its four parameters, and three exact sums of 5 words each, the special bits last. Standard output gets the cycles that it is
// busy, then of each result register, group and value in each lane, then a word of ones; then of each group what the lanes are given.

#include "Vdut.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

static bool word(uint32_t& value) { return fread(&value, sizeof value, 1, stdin) == 1; }
static void put(uint32_t value) { fwrite(&value, sizeof value, 1, stdout); }

struct Channel {
    uint32_t parameters[4], sums[3][5];
};

int main() {
    const auto context = std::make_unique<VerilatedContext>();
    const auto dut = std::make_unique<Vdut>(context.get());
    uint32_t backward, n, channels, lanes;
    while (word(backward) && word(n) && word(channels) && word(lanes)) {
        // What is beyond the last channel is anything.
        std::vector<Channel> all(channels + 8);
        for (uint32_t i = 0; i < channels; ++i) {
            for (uint32_t& value : all[i].parameters) word(value);
            for (auto& sum : all[i].sums) {
                for (uint32_t& value : sum) word(value);
            }
        }
        dut->backward = backward;
        dut->n = n;
        dut->channels = channels;
        uint32_t asked[4][2] = {};
        std::vector<uint32_t> results;
        uint32_t busy = 0;
        for (uint32_t cycle = 0; cycle == 0 || cycle == 1 || dut->busy; ++cycle) {
            dut->start = cycle == 0;
            const Channel& channel = all[asked[3][0]];
            dut->given = channel.parameters[asked[3][1]];
            dut->sums_values = (uint64_t)channel.sums[0][1] << 32 | channel.sums[0][0];
            dut->sums_values_special = channel.sums[0][4];
            for (int i = 0; i < 4; ++i) dut->sums_products[i] = channel.sums[1][i];
            dut->sums_products_special = channel.sums[1][4];
            dut->first_values = (uint64_t)channel.sums[2][1] << 32 | channel.sums[2][0];
            dut->first_values_special = channel.sums[2][4];
            dut->clock = 0;
            dut->eval();
            busy += dut->busy;
            for (int i = 3; i > 0; --i) {
                asked[i][0] = asked[i - 1][0];
                asked[i][1] = asked[i - 1][1];
            }
            asked[0][0] = dut->channel < all.size() ? dut->channel : 0;
            asked[0][1] = dut->kind;
            if (dut->result_valid) {
                results.push_back(dut->result_register);
                results.push_back(dut->result_group);
                for (uint32_t lane = 0; lane < lanes; ++lane) results.push_back(dut->results[lane]);
            }
            dut->clock = 1;
            dut->eval();
        }
        put(busy);
        for (uint32_t value : results) put(value);
        put(0xFFFFFFFF);
        for (uint32_t slot = 0; slot * lanes < channels; ++slot) {
            dut->slot = slot;
            dut->clock = 0;
            dut->eval();
            dut->clock = 1;
            dut->eval();
            for (uint32_t lane = 0; lane < lanes; ++lane) put(dut->mean[lane]);
            for (uint32_t lane = 0; lane < lanes; ++lane) put(dut->factor[lane]);
            for (uint32_t lane = 0; lane < lanes; ++lane) put(dut->shift[lane]);
            for (uint32_t lane = 0; lane < lanes; ++lane) put(dut->rate[lane]);
        }
    }
    dut->final();
    return 0;
}
