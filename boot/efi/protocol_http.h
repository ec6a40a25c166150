/* SPDX-License-Identifier: BSD-2-Clause */
/* EFI_HTTP_PROTOCOL, UEFI 2.10 29.6, which gnu-efi does not declare. */
#ifndef BOOT_EFI_PROTOCOL_HTTP_H
#define BOOT_EFI_PROTOCOL_HTTP_H

#include "boot/efi/efi.h"

#define HTTP_GUID                                                      \
	{                                                              \
		0x7a59b29b, 0x910b, 0x4171,                            \
		{                                                      \
			0x82, 0x42, 0xa8, 0x5a, 0x0d, 0xf2, 0x5b, 0x5b \
		}                                                      \
	}
#define HTTP_SERVICE_BINDING_GUID                                      \
	{                                                              \
		0xbdc8e6af, 0xd9bc, 0x4379,                            \
		{                                                      \
			0xa7, 0x2a, 0xe0, 0xc4, 0xe7, 0x5d, 0xae, 0x1c \
		}                                                      \
	}

/* The IPv4 node of a device path, UEFI 2.10 10.3.4.12: gnu-efi's structure has padding. */
struct http_ipv4_devpath {
	EFI_DEVICE_PATH_PROTOCOL header;
	EFI_IPv4_ADDRESS local;
	EFI_IPv4_ADDRESS remote;
	UINT16 local_port;
	UINT16 remote_port;
	UINT16 protocol;
	BOOLEAN is_static;
	EFI_IPv4_ADDRESS gateway;
	EFI_IPv4_ADDRESS subnet;
} __packed;
static_assert(sizeof(struct http_ipv4_devpath) == 27, "IPv4 device path node");

struct http_service_binding {
	EFI_STATUS(EFIAPI *create_child)(struct http_service_binding *this, EFI_HANDLE *child);
	EFI_STATUS(EFIAPI *destroy_child)(struct http_service_binding *this, EFI_HANDLE child);
};

struct http_ipv4_node {
	BOOLEAN use_default_address;
	EFI_IPv4_ADDRESS address;
	EFI_IPv4_ADDRESS subnet;
	UINT16 port;
};

struct http_ipv6_node {
	EFI_IPv6_ADDRESS address;
	UINT16 port;
};

enum http_version { HTTP_VERSION_10, HTTP_VERSION_11 };

struct http_config {
	UINT32 version; /* enum http_version */
	UINT32 timeout_ms;
	BOOLEAN is_ipv6;
	union {
		struct http_ipv4_node *ipv4;
		struct http_ipv6_node *ipv6;
	} node;
};

enum http_method { HTTP_GET };

struct http_request {
	UINT32 method; /* enum http_method */
	CHAR16 *url;
};

/* EFI_HTTP_STATUS_CODE counts the codes that it knows. */
#define HTTP_STATUS_OK 3
#define HTTP_STATUS_FORBIDDEN 20
#define HTTP_STATUS_NOT_FOUND 21

struct http_response {
	UINT32 status;
};

struct http_header {
	CHAR8 *name;
	CHAR8 *value;
};

struct http_message {
	union {
		struct http_request *request;
		struct http_response *response;
	} data;
	UINTN header_count;
	struct http_header *headers; /* of a response: to be freed, each string and the array */
	UINTN body_length;
	VOID *body;
};

struct http_token {
	EFI_EVENT event;
	EFI_STATUS status;
	struct http_message *message;
};

struct http {
	EFI_STATUS(EFIAPI *get_mode_data)(struct http *this, struct http_config *config);
	EFI_STATUS(EFIAPI *configure)(struct http *this, struct http_config *config);
	EFI_STATUS(EFIAPI *request)(struct http *this, struct http_token *token);
	EFI_STATUS(EFIAPI *cancel)(struct http *this, struct http_token *token);
	EFI_STATUS(EFIAPI *response)(struct http *this, struct http_token *token);
	EFI_STATUS(EFIAPI *poll)(struct http *this);
};

#endif
