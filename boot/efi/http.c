/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/http.h"

#include <string.h>

#include "boot/efi/memory.h"
#include "boot/efi/path.h"
#include "boot/efi/print.h"
#include "boot/efi/protocol_http.h"

#define TIMEOUT_MS 10000u
#define TIMEOUT_100NS (TIMEOUT_MS * 10000ull)
#define CHUNK MIB(1)

static EFI_HANDLE nic;
static struct http_service_binding *binding;
static struct http_ipv4_node node4;
static struct http_ipv6_node node6;
static struct http_config config = {
    .version = HTTP_VERSION_11,
    .timeout_ms = TIMEOUT_MS,
    .node.ipv4 = &node4,
};

static EFI_HANDLE child;
static struct http *http;

static void set_addresses(const EFI_DEVICE_PATH_PROTOCOL *path)
{
	const struct http_ipv4_devpath *v4 =
	    (const void *)devpath_find(path, MESSAGING_DEVICE_PATH, MSG_IPv4_DP);
	const IPv6_DEVICE_PATH *v6 =
	    (const void *)devpath_find(path, MESSAGING_DEVICE_PATH, MSG_IPv6_DP);

	if (v6) {
		config.is_ipv6 = TRUE;
		config.node.ipv6 = &node6;
		memcpy(&node6.address, &v6->LocalIpAddress, sizeof(node6.address));
		return;
	}
	node4.use_default_address = TRUE;
	if (!v4 || devpath_length(&v4->header) < sizeof(*v4) || !v4->local.Addr[0])
		return;
	node4.use_default_address = FALSE;
	memcpy(&node4.address, &v4->local, sizeof(node4.address));
	memcpy(&node4.subnet, &v4->subnet, sizeof(node4.subnet));
}

EFI_STATUS http_init(const EFI_DEVICE_PATH_PROTOCOL *path)
{
	static EFI_GUID guid = HTTP_SERVICE_BINDING_GUID;
	EFI_DEVICE_PATH_PROTOCOL *at = (EFI_DEVICE_PATH_PROTOCOL *)(uintptr_t)path;

	if (firmware.boot->LocateDevicePath(&guid, &at, &nic))
		return EFI_NOT_FOUND;
	binding = firmware_protocol(nic, &guid);
	set_addresses(path);
	return binding ? EFI_SUCCESS : EFI_NOT_FOUND;
}

void http_close(void)
{
	if (http)
		http->configure(http, NULL);
	if (child)
		binding->destroy_child(binding, child);
	http = NULL;
	child = NULL;
}

static EFI_STATUS http_open(void)
{
	static const EFI_GUID guid = HTTP_GUID;
	EFI_STATUS status;

	child = NULL;
	status = binding->create_child(binding, &child);
	if (status)
		return status;
	http = firmware_protocol(child, &guid);
	status = http ? http->configure(http, &config) : EFI_UNSUPPORTED;
	return status;
}

/* Start a request or a response and drive the network stack until it is done. */
static EFI_STATUS run(EFI_STATUS(EFIAPI *start)(struct http *, struct http_token *),
		      struct http_message *message)
{
	struct http_token token = {.message = message, .status = EFI_NOT_READY};
	EFI_EVENT timeout = NULL;
	EFI_STATUS status = firmware.boot->CreateEvent(0, 0, NULL, NULL, &token.event);

	if (status)
		return status;
	status = firmware.boot->CreateEvent(EVT_TIMER, 0, NULL, NULL, &timeout);
	if (!status)
		status = firmware.boot->SetTimer(timeout, TimerRelative, TIMEOUT_100NS);
	if (!status)
		status = start(http, &token);
	while (!status && firmware.boot->CheckEvent(token.event)) {
		http->poll(http);
		if (firmware.boot->CheckEvent(timeout))
			continue;
		http->cancel(http, &token);
		status = EFI_TIMEOUT;
	}
	firmware.boot->CloseEvent(token.event);
	if (timeout)
		firmware.boot->CloseEvent(timeout);
	return status ? status : token.status;
}

static void host_of(const char *url, char *host)
{
	const char *from = strchr(url, ':');
	size_t n = 0;

	from = from && strnlen(from, 3) == 3 ? from + 3 : url;
	while (from[n] && from[n] != '/')
		n++;
	memcpy(host, from, n);
	host[n] = 0;
}

static EFI_STATUS send_request(const char *url)
{
	static char host[PATH_SIZE];
	static uint16_t wide[PATH_SIZE];
	static struct http_header headers[] = {
	    {(CHAR8 *)"Host", (CHAR8 *)host},
	    {(CHAR8 *)"Accept", (CHAR8 *)"*/*"},
	    {(CHAR8 *)"User-Agent", (CHAR8 *)"hanok"},
	};
	struct http_request request = {HTTP_GET, wide};
	struct http_message message = {
	    .data.request = &request,
	    .header_count = ARRAY_SIZE(headers),
	    .headers = headers,
	};

	if (path_to_ucs2(url, wide))
		return EFI_INVALID_PARAMETER;
	host_of(url, host);
	return run(http->request, &message);
}

static bool name_equals(const CHAR8 *a, const char *lower)
{
	for (; *a && *lower; a++, lower++)
		if ((*a | 0x20) != (*lower | 0x20))
			return false;
	return !*a && !*lower;
}

/* The decimal number of Content-Length; 0 when it is missing or no number. */
static u64 content_length(const struct http_message *m)
{
	u64 value = 0;

	for (UINTN i = 0; i < m->header_count; i++) {
		const CHAR8 *s = m->headers[i].value;

		if (!name_equals(m->headers[i].name, "content-length"))
			continue;
		for (; *s >= '0' && *s <= '9' && value < BIT(56); s++)
			value = value * 10 + (u64)(*s - '0');
	}
	return value;
}

static void headers_free(struct http_message *m)
{
	for (UINTN i = 0; m->headers && i < m->header_count; i++) {
		memory_pool_free(m->headers[i].name);
		memory_pool_free(m->headers[i].value);
	}
	memory_pool_free(m->headers);
}

static EFI_STATUS receive_head(u64 *size)
{
	struct http_response response = {0};
	struct http_message message = {.data.response = &response};
	EFI_STATUS status = run(http->response, &message);

	/* EFI_HTTP_ERROR comes with a status code of the server. */
	if (response.status == HTTP_STATUS_NOT_FOUND)
		status = EFI_NOT_FOUND;
	else if (response.status == HTTP_STATUS_FORBIDDEN)
		status = EFI_ACCESS_DENIED;
	else if (!status && response.status != HTTP_STATUS_OK)
		status = EFI_PROTOCOL_ERROR;
	*size = status ? 0 : content_length(&message);
	headers_free(&message);
	return status;
}

EFI_STATUS http_get(const char *url, u64 *size)
{
	EFI_STATUS status = http_open();

	if (!status)
		status = send_request(url);
	if (!status)
		status = receive_head(size);
	if (status)
		http_close();
	return status;
}

EFI_STATUS http_receive(void *to, u64 size)
{
	for (u64 at = 0; at < size;) {
		struct http_message message = {
		    .body_length = MIN(size - at, CHUNK),
		    .body = (u8 *)to + at,
		};
		EFI_STATUS status = run(http->response, &message);

		if (status)
			return status;
		if (!message.body_length)
			return EFI_END_OF_FILE;
		at += message.body_length;
		progress_add(message.body_length);
	}
	return EFI_SUCCESS;
}
